import { assertEquals } from "@std/assert";
import { describeListenError } from "../../lib/server/listen_error.ts";

const NO_ADDRESS =
  " is not an address of this machine; set HOST to 0.0.0.0, or to 127.0.0.1 to be reached from this machine only";

/** Errors of `Deno.serve` by name and message, with their descriptions. */
const TABLE: [host: string, name: string, message: string, reason: string][] = [
  ["127.0.0.1", "AddrInUse", "Address already in use", "the port is in use; set PORT to another"],
  [
    "127.0.0.1",
    "PermissionDenied",
    "Permission denied (os error 13)",
    "ports below 1024 need privileges; set PORT to 1024 or above",
  ],
  [
    "127.0.0.1",
    "NotCapable",
    'Requires net access to "127.0.0.1:80", run again with the --allow-net flag',
    "--allow-net does not include this address; add it there, or change HOST and PORT",
  ],
  ["192.0.2.1", "AddrNotAvailable", "Cannot assign requested address", `"192.0.2.1"${NO_ADDRESS}`],
  [
    "x86_64-conda-linux-gnu",
    "Error",
    "failed to lookup address information: Name or service not known",
    `"x86_64-conda-linux-gnu"${NO_ADDRESS}`,
  ],
  [
    "127.0.0.1\r",
    "URIError",
    "invalid host '127.0.0.1\r': invalid char found in FQDN",
    `"127.0.0.1\\r"${NO_ADDRESS}`,
  ],
  [
    "127.0.0.1",
    "InvalidData",
    "Unable to decode certificate",
    "Unable to decode certificate; set TLS_CERT and TLS_KEY to a pair in PEM",
  ],
  [
    "127.0.0.1",
    "Error",
    "keys may not be consistent: KeyMismatch",
    "keys may not be consistent: KeyMismatch; set TLS_CERT and TLS_KEY to a pair in PEM",
  ],
  ["127.0.0.1", "Error", "Out of luck", "Error: Out of luck"],
];

for (const [host, name, message, reason] of TABLE) {
  Deno.test(`describeListenError() says what to set for ${name}, ${JSON.stringify(message)}`, () => {
    const error = Object.assign(new Error(message), { name });
    const text = describeListenError(error, { host, port: 80 });
    assertEquals(text, `Cannot listen on ${host}:80: ${reason}`);
  });
}

Deno.test("describeListenError() names the address of DENO_SERVE_ADDRESS if it is set", () => {
  const settings = { host: "127.0.0.1", port: 80, address: "unix:/run/hub.sock" };
  const describe = (name: string) =>
    describeListenError(Object.assign(new Error("No such file"), { name }), settings);
  assertEquals(
    describe("NotFound"),
    "Cannot listen on unix:/run/hub.sock: NotFound: No such file; change DENO_SERVE_ADDRESS",
  );
  assertEquals(
    describe("AddrInUse"),
    "Cannot listen on unix:/run/hub.sock: the address is in use; remove the socket file of an earlier run, " +
      "or set DENO_SERVE_ADDRESS to another",
  );
});

/**
 * A certificate for `localhost`, every name below it and `127.0.0.1`, by an authority of its own.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Program } from "../program.ts";

/** The files of a certificate. */
export interface Certificate {
  /** The authority's own certificate, for those who are to trust it. */
  readonly authority: string;
  /** The certificate. */
  readonly chain: string;
  /** Its private key. */
  readonly key: string;
}

/** The program that makes it. */
export const OPENSSL = "/usr/bin/openssl";

/** Makes a certificate in a folder. */
export async function makeCertificate(folder: string): Promise<Certificate> {
  const file = (name: string) => `${folder}/${name}`;
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const files = { authority: file("ca.pem"), chain: file("chain.pem"), key: file("key.pem") };
  const names = "subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1\n";
  await Deno.writeTextFile(file("names"), names);
  for (
    const args of [
      [
        "req",
        "-x509",
        ...key,
        "-keyout",
        file("ca.key"),
        "-out",
        files.authority,
        "-subj",
        "/CN=ca",
      ],
      ["req", ...key, "-keyout", files.key, "-out", file("request.pem"), "-subj", "/CN=localhost"],
      ["x509", "-req", "-in", file("request.pem"), "-CA", files.authority, "-CAkey", file("ca.key")]
        .concat(["-CAcreateserial", "-extfile", file("names"), "-out", files.chain]),
    ]
  ) {
    await using program = new Program(OPENSSL, { args });
    assertEquals(await program.exitCode(), 0, program.stderr.all.join("\n"));
  }
  return files;
}

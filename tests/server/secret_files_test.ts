import { assert, assertEquals } from "@std/assert";
import { type Option, OPTION_NAMES, OPTIONS } from "../../lib/server/options.ts";
import { FILE_OPTIONS, readSecretFiles } from "../../lib/server/secret_files.ts";
import { readFile } from "../manual.ts";
import { lacks } from "../program.ts";
import { ServerProcess } from "./support.ts";

function read(settings: Readonly<Record<string, string>>, files: Readonly<Record<string, string>>) {
  return readSecretFiles((name) => settings[name], (path) => {
    const text = files[path];
    if (text === undefined) throw new Error("There is no such file");
    return text;
  });
}

Deno.test("readSecretFiles() reads a setting from its file, without the line break at its end", () => {
  const files = { "/a": "secret\n", "/b": "two\r\nlines\r\n", "/c": " as it is " };
  const settings = {
    PUBLISH_TOKEN_FILE: "/a",
    JWT_KEY_FILE: "/b",
    JWT_PRIVATE_KEY_FILE: "/c",
    PORT: "80",
    PORT_FILE: "/a",
  };
  const { get, errors } = read(settings, files);
  const names = ["PUBLISH_TOKEN", "JWT_KEY", "JWT_PRIVATE_KEY", "PORT", "REDIS_URL"];
  assertEquals(names.map(get), ["secret", "two\r\nlines", " as it is ", "80", undefined]);
  assertEquals(errors, []);
});

Deno.test("readSecretFiles() names a file that is missing or empty, and a setting given twice", () => {
  const settings = {
    PUBLISH_TOKEN_FILE: "/missing",
    JWT_KEY_FILE: "/empty",
    REDIS_URL: "redis://localhost",
    REDIS_URL_FILE: "/a",
  };
  assertEquals(read(settings, { "/empty": "\n", "/a": "x" }).errors, [
    "REDIS_URL_FILE: expected either REDIS_URL or REDIS_URL_FILE, got both",
    'PUBLISH_TOKEN_FILE: expected a file that can be read, got "/missing": There is no such file',
    'JWT_KEY_FILE: expected a file with a text, got "/empty", which is empty',
  ]);
});

Deno.test("every secret may be in a file", () => {
  const secrets = OPTION_NAMES.filter((name) => (OPTIONS[name] as Option<unknown>).isSecret);
  assertEquals(secrets.filter((name) => !FILE_OPTIONS.includes(name)), []);
});

Deno.test({
  name: "the manual names every setting that may be in a file",
  ignore: await lacks("read"),
  async fn() {
    const text = await readFile("lib/server/README.md");
    const [, section = ""] = /### Secrets in files\n([^]*?)\n###/.exec(text)!;
    const [, list = ""] = /So may\s([^]*?)\.\s/.exec(section)!;
    assertEquals(Array.from(list.matchAll(/`(\w+)`/g), ([, name]) => name), [...FILE_OPTIONS]);
  },
});

Deno.test({
  name: "main.ts reads a token from its file, and exits with 2 if it can't",
  ignore: await lacks("net", "run", "read", "write"),
  async fn() {
    const folder = await Deno.makeTempDir();
    const file = `${folder}/token`;
    await Deno.writeTextFile(file, "a-token-for-these-tests\n");
    {
      await using server = new ServerProcess({ PUBLISH_TOKEN_FILE: file }, { folder });
      const headers = { authorization: "Bearer a-token-for-these-tests" };
      const response = await fetch(new URL("/streams", await server.url()), { headers });
      assertEquals(response.status, 200);
      await response.body?.cancel();
    }
    await using server = new ServerProcess({ PUBLISH_TOKEN_FILE: file });
    assertEquals(await server.exitCode(), 2);
    const [error = ""] = server.stderr.all;
    assert(error.startsWith("PUBLISH_TOKEN_FILE: expected a file that can be read, got "), error);
    await Deno.remove(folder, { recursive: true });
  },
});

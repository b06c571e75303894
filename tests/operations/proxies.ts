/**
 * nginx and Caddy in front of a server, as installed on this machine, each with the file that the README
 * shows. A proxy is a process with a folder and a port of its own, killed at the end of the scope.
 *
 * @module
 */

import { freePort, Program } from "../program.ts";

/** A proxy that can be started. */
export interface ProxyKind {
  readonly name: string;
  /** The path at which its package installs it. */
  readonly command: string;
  /** A text that it prints once it listens. */
  readonly listening: string;
  /** The arguments that run it in the foreground, with the configuration in a folder. */
  readonly args: (folder: string) => string[];
  /** The file that the README shows. */
  readonly file: string;
  /** The file that the README shows for a server below the path `/hub/`. */
  readonly belowPath: {
    readonly file: string;
    /** Replaces the part of the first file that is about the path `/`. */
    readonly edit: (shown: string, below: string) => string;
  };
  /** Makes the whole configuration from that file, with a port to listen on. */
  readonly configure: (shown: string, port: number, folder: string) => string;
}

/** The proxies that the README shows a file for. */
export const proxies: readonly ProxyKind[] = [
  {
    name: "nginx",
    command: "/usr/sbin/nginx",
    listening: "event method",
    args: (folder) => ["-e", "stderr", "-p", folder, "-c", `${folder}/configuration`],
    file: "nginx.conf",
    belowPath: {
      file: "nginx_below_a_path.conf",
      edit: (shown, below) => shown.replace(/location \/ \{[^]*(?=location @away)/, () => below),
    },
    configure: (shown, port, folder) => `
daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr notice;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ${shown.replace("listen 80;", `listen 127.0.0.1:${port};`)}
}`,
  },
  {
    name: "Caddy",
    command: "/usr/bin/caddy",
    listening: "serving initial configuration",
    args: (folder) => ["run", "--adapter", "caddyfile", "--config", `${folder}/configuration`],
    file: "Caddyfile",
    belowPath: {
      file: "Caddyfile_below_a_path",
      edit: (shown, below) =>
        shown.replace("reverse_proxy 127.0.0.1:8080", () => below)
          .replace(/(?<=^\s*path )\/.*$/m, (paths) => paths.replaceAll(/\/[^ ]*/g, "/hub$&")),
    },
    configure: (shown, port) =>
      shown.replace("{", "{\n\tdebug\n\tadmin off\n\tdefault_bind 127.0.0.1")
        .replace("events.example", `http://127.0.0.1:${port}`),
  },
];

/** The folder of the files that the README shows. */
export const FILES = new URL("files/", import.meta.url);

/** The edit that puts the server below the path `/hub/`, as the README shows it. */
export async function belowPath({ belowPath }: ProxyKind): Promise<(shown: string) => string> {
  const below = await Deno.readTextFile(new URL(belowPath.file, FILES));
  return (shown) => belowPath.edit(shown, below);
}

/** A running proxy. It prints a line with "refused" for each request that reaches no server. */
export class ProxyProcess extends Program {
  readonly url: URL;
  readonly #folder: string;

  private constructor(kind: ProxyKind, folder: string, port: number) {
    super(kind.command, { args: kind.args(folder), env: { HOME: folder } });
    this.url = new URL(`http://127.0.0.1:${port}`);
    this.#folder = folder;
  }

  /**
   * Starts one in front of a server.
   *
   * @param edit Changes the file that the README shows.
   */
  static async start(
    kind: ProxyKind,
    serverPort: number,
    edit = (shown: string) => shown,
  ): Promise<ProxyProcess> {
    const folder = await Deno.makeTempDir();
    const port = freePort();
    const shown = edit(await Deno.readTextFile(new URL(kind.file, FILES)))
      .replaceAll("127.0.0.1:8080", `127.0.0.1:${serverPort}`);
    await Deno.writeTextFile(`${folder}/configuration`, kind.configure(shown, port, folder));
    await using stack = new AsyncDisposableStack();
    const proxy = stack.use(new ProxyProcess(kind, folder, port));
    await proxy.stderr.line(kind.listening);
    stack.move();
    return proxy;
  }

  /** Kills it if it still runs. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/**
 * nginx and Caddy as a machine has them, each with the file that the README shows, in front of a
 * server: a process in a folder of its own, on a port that is free, killed at the end of the scope.
 *
 * @module
 */

import { freePort, Program } from "../program.ts";

/** A proxy that can be started. */
export interface ProxyKind {
  readonly name: string;
  /** Where its package installs it. */
  readonly command: string;
  /** What it prints once it listens. */
  readonly listening: string;
  /** The arguments that run it in the foreground with the files of a folder. */
  readonly args: (folder: string) => string[];
  /** The file that the README shows. */
  readonly file: string;
  /** What the README shows to put the server below the path `/hub/`. */
  readonly belowPath: {
    readonly file: string;
    /** Puts it in place of what the first file has for the path `/`. */
    readonly edit: (shown: string, below: string) => string;
  };
  /** Makes its whole configuration of that file, to listen on a port of one's own. */
  readonly configure: (shown: string, port: number, folder: string) => string;
}

/** Each proxy that the README shows a file for. */
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

/** The edit that puts the server below the path `/hub/`, as the README shows it. */
export async function belowPath({ belowPath }: ProxyKind): Promise<(shown: string) => string> {
  const below = await Deno.readTextFile(new URL(belowPath.file, import.meta.url));
  return (shown) => belowPath.edit(shown, below);
}

/** A proxy that runs. For each request that finds no server it prints a line with "refused". */
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
    const shown = edit(await Deno.readTextFile(new URL(kind.file, import.meta.url)))
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

/** nginx with nchan and one worker. This process publishes to it, and counts as load. */

import { answerPublishing, type StreamData } from "./serve.ts";

const folder = await Deno.makeTempDir();
const port = freePort();
await Deno.writeTextFile(
  `${folder}/nginx.conf`,
  `
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
user root;
daemon off;
worker_processes 1;
worker_cpu_affinity 01;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 20000; }
http {
  access_log off;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  keepalive_requests 1000000000;
  nchan_shared_memory_size 1024M;
  nchan_message_buffer_length 1000;
  nchan_message_timeout 1h;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location /sse { nchan_channel_id $arg_stream; nchan_subscriber eventsource; nchan_subscriber_first_message newest; }
    location /replay { nchan_channel_id $arg_stream; nchan_subscriber eventsource; nchan_subscriber_first_message oldest; }
    location /publish { nchan_channel_id $arg_stream; nchan_publisher; }
  }
}
`,
);
const nginx = new Deno.Command("nginx", {
  args: ["-p", folder, "-c", `${folder}/nginx.conf`, "-e", `${folder}/error.log`],
}).spawn();
globalThis.addEventListener("unload", () => {
  nginx.kill("SIGTERM");
  Deno.removeSync(folder, { recursive: true });
});

const publisher = await connect();
void pump(publisher);
const encoder = new TextEncoder();
let writing = Promise.resolve();
await answerPublishing({ port, pid: await workerId() }, publishTurn);

function publishTurn(events: readonly StreamData[]): void {
  const text = events.map(({ stream, data }) =>
    `POST /publish?stream=${stream} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
    `Content-Type: text/plain\r\nContent-Length: ${data.length}\r\n\r\n${data}`
  ).join("");
  writing = writing.then(() => writeAll(encoder.encode(text)));
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  while (bytes.length > 0) bytes = bytes.subarray(await publisher.write(bytes));
}

async function pump(connection: Deno.Conn): Promise<void> {
  const answers = new Uint8Array(65_536);
  while (await connection.read(answers) !== null);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Connects once nginx listens. */
async function connect(): Promise<Deno.Conn> {
  for (let tries = 0;; tries++) {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (tries === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function workerId(): Promise<number> {
  const { stdout } = await new Deno.Command("pgrep", { args: ["-P", `${nginx.pid}`] }).output();
  return Number(new TextDecoder().decode(stdout));
}

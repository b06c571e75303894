/** A Redis for hubs to share, where Debian's `redis-server` is present. */

import { RedisServer } from "../../log/redis_server.ts";
import { answerLines } from "../lines.ts";

const redis = await RedisServer.start();
globalThis.addEventListener("unload", () => redis.signal("SIGKILL"));
await answerLines({ url: redis.url }, {});

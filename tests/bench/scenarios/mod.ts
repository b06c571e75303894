/**
 * All scenarios, in the order in which they run.
 *
 * @module
 */

import type { Scenario } from "../scenario.ts";
import { burst } from "./burst.ts";
import { connect } from "./connect.ts";
import { encode } from "./encode.ts";
import { fanOut } from "./fan_out.ts";
import { growth } from "./growth.ts";
import { idle } from "./idle.ts";
import { instances } from "./instances.ts";
import { log } from "./log.ts";
import { manyStreams } from "./many_streams.ts";
import { memory } from "./memory.ts";
import { modes } from "./modes.ts";
import { paced } from "./paced.ts";
import { patterns } from "./patterns.ts";
import { perConnection } from "./per_connection.ts";
import { publish } from "./publish.ts";
import { replay } from "./replay.ts";
import { runtimes } from "./runtimes.ts";
import { stalled } from "./stalled.ts";
import { subscribers } from "./subscribers.ts";

/** All scenarios. */
export const scenarios: readonly Scenario[] = [
  paced,
  burst,
  modes,
  patterns,
  stalled,
  replay,
  idle,
  connect,
  publish,
  fanOut,
  perConnection,
  manyStreams,
  memory,
  growth,
  encode,
  log,
  instances,
  subscribers,
  ...runtimes,
];

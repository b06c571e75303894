/**
 * Judges what the self-test observed. Touches no network and no clock.
 *
 * @module
 */

import { isEventStream } from "./findings.ts";
import { judgeArrivals } from "./judge_arrivals.ts";
import { judgeHead } from "./judge_head.ts";
import { judgeProtocol, judgeRefusals } from "./judge_refusals.ts";
import { judgeResume } from "./judge_resume.ts";
import type { Finding, Observations } from "./observations.ts";

/** Judges all observations: one finding for each check, in the order in which to read them. */
export function judge(observations: Observations): readonly Finding[] {
  const { watched } = observations;
  const { status, error } = watched;
  const isUnreachable = status === undefined && error !== "timeout";
  // Of a page or a file it says nothing how requests for a stream are refused.
  const isOther = status === 200 && !isEventStream(watched);
  return [
    ...judgeHead(observations),
    ...isEventStream(watched) ? judgeArrivals(observations) : [],
    ...isEventStream(watched) ? judgeResume(observations) : [],
    ...isUnreachable ? [] : [judgeProtocol(observations)],
    ...isUnreachable || isOther ? [] : judgeRefusals(observations),
  ];
}

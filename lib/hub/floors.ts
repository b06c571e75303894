/**
 * The places from which a subscriber wants each stream's events.
 *
 * @module
 */

/** Where a subscriber starts in each stream: positions or ids. */
export interface Floors<Place> {
  /** The places of some streams, by name. */
  readonly byName: ReadonlyMap<string, Place>;
  /** The place of all other streams. */
  readonly others: Place;
  /** `Members.forgotten` when the places were taken. */
  readonly forgotten: number;
}

/** Returns the place of a stream; `undefined` without floors. */
export function floorOf<Place>(
  floors: Floors<Place> | undefined,
  name: string,
): Place | undefined {
  return floors && (floors.byName.get(name) ?? floors.others);
}

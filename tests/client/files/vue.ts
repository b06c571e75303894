/**
 * The two functions of Vue that the recipe uses, for its types and to run it without Vue.
 *
 * @module
 */

const cleanUps: (() => void)[] = [];

/** Holds a value. */
export function shallowRef<T>(value: T): { value: T } {
  return { value };
}

/** Calls back when the component is removed. */
export function onScopeDispose(cleanUp: () => void): void {
  cleanUps.push(cleanUp);
}

/** Removes the component. */
export function disposeScope(): void {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
}

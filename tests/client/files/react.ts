/**
 * The two functions of React that the recipe uses, for its types and to run it without React: one
 * component, which is called again at each change.
 *
 * @module
 */

interface Component {
  readonly states: unknown[];
  readonly effects: { readonly deps: readonly unknown[]; readonly cleanUp: () => void }[];
  readonly render: () => void;
  state: number;
  effect: number;
}

let current: Component | undefined;

/** Keeps a value from call to call. */
export function useState<T>(initial: T): [T, (value: T | ((before: T) => T)) => void] {
  const component = current!;
  const index = component.state++;
  if (!(index in component.states)) component.states[index] = initial;
  const set = (value: T | ((before: T) => T)) => {
    const before = component.states[index] as T;
    component.states[index] = value instanceof Function ? value(before) : value;
    component.render();
  };
  return [component.states[index] as T, set];
}

/** Does something after the first call, and again when something that it depends on has changed. */
export function useEffect(effect: () => () => void, deps: readonly unknown[]): void {
  const component = current!;
  const index = component.effect++;
  const before = component.effects[index];
  if (before && deps.every((dep, i) => dep === before.deps[i])) return;
  before?.cleanUp();
  component.effects[index] = { deps, cleanUp: effect() };
}

/** Renders a component, and again at each change. Returns a function that removes it. */
export function mount(component: () => void): () => void {
  const render = () => {
    current = mounted;
    mounted.state = mounted.effect = 0;
    component();
  };
  const mounted: Component = { states: [], effects: [], render, state: 0, effect: 0 };
  render();
  return () => mounted.effects.forEach(({ cleanUp }) => cleanUp());
}

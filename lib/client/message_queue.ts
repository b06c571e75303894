/**
 * The messages that wait for the application's loop: bounded, so that the reading of a response stops.
 *
 * @module
 */

/** A queue of messages. */
export interface MessageQueue<Message> {
  /**
   * Adds a message; or without one only an id, which is read when all before it is.
   *
   * @returns A promise where the queue is full: until then nothing more is to be added.
   */
  readonly push: (message: Message | undefined, lastEventId: string) => void | Promise<void>;
  /** Returns the next message, the end, or the error at the end. */
  readonly next: () => Promise<IteratorResult<Message, undefined>>;
  /** Ends it: after what waits in it, or at once if `isDropped`. An error is thrown once. */
  readonly end: (isDropped: boolean, error?: unknown) => void;
}

/**
 * Makes a queue.
 *
 * @param limit From how many messages on it is full.
 * @param onRead Is called with the id of a message once the application asks for the next one, since
 * until then it may be at work on the message.
 */
export function messageQueue<Message>(
  limit: number,
  onRead: (lastEventId: string) => void,
): MessageQueue<Message> {
  let entries: (readonly [message: Message | undefined, lastEventId: string])[] = [];
  const waiting: (() => void)[] = [];
  let handedOut = "";
  let ending: { readonly error?: unknown } | undefined;

  const change = () => new Promise<void>((resolve) => waiting.push(resolve));
  const stir = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  return {
    push(message, lastEventId) {
      entries.push([message, lastEventId]);
      stir();
      return entries.length >= limit ? room() : undefined;
    },
    async next() {
      for (;;) {
        if (handedOut) onRead(handedOut);
        handedOut = "";
        const entry = entries.shift();
        if (entry) {
          const [value, lastEventId] = entry;
          handedOut = lastEventId;
          stir();
          if (value) return { done: false, value };
        } else if (ending) {
          const { error } = ending;
          ending = {};
          if (error) throw error;
          return { done: true, value: undefined };
        } else await change();
      }
    },
    end(isDropped, error) {
      ending = { error };
      if (isDropped) entries = [];
      stir();
    },
  };

  async function room(): Promise<void> {
    while (entries.length >= limit) await change();
  }
}

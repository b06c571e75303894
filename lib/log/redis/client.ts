/**
 * Clients of Redis, made with the settings of a URL or of a client that the application has.
 *
 * @module
 */

import type { RedisAddress, SentinelAddress } from "./address.ts";
import { isForbidden, isRefusal, isUntrusted, messageOf, Refusal } from "./error.ts";

/**
 * What the log needs of a client: what `createClient()` of the packages `@redis/client` and `redis`
 * returns from version 5 on.
 */
export interface RedisClient {
  /** The settings that it was made with. */
  readonly options?: RedisSettings | undefined;
  /** Whether it is connected, or tries to be. */
  readonly isOpen?: boolean;
  /** Makes another client with the same settings, but for these. */
  duplicate(overrides: RedisOverrides): RedisClient;
  /** Connects. */
  connect(): Promise<unknown>;
  /** Sends a command; rejects while there is no connection. */
  sendCommand(args: readonly string[]): Promise<unknown>;
  /** Has a listener called with each error of the connection. */
  on(event: "error", listener: (error: unknown) => void): unknown;
  /** Ends the connection, and rejects what waits. */
  destroy(): void;
}

/** The settings of a client that the log looks at. */
export interface RedisSettings {
  /** How the connection is made. */
  readonly socket?: RedisSocketSettings | undefined;
}

/** How the connection of a client is made; what else an application has set is kept. */
export interface RedisSocketSettings {
  /** The host to connect to. */
  readonly host?: string | undefined;
  /** The port to connect to. */
  readonly port?: number | undefined;
  /** Whether the connection is TLS. */
  readonly tls?: boolean | undefined;
  /** How long it may take, in milliseconds. */
  readonly connectTimeout?: number | undefined;
}

/** What the log's own connections have of their own. */
export interface RedisOverrides {
  /** While there is no connection, a command is rejected at once. */
  readonly disableOfflineQueue: true;
  /** The log does not ask for notices of maintenance, which few servers know. */
  readonly maintNotifications: "disabled";
  /** The URL has been read into the other settings. */
  readonly url: undefined;
  /** Where it leads; a connection that is lost is made anew by the log, at the address of that moment. */
  readonly socket: RedisSocketSettings & { readonly reconnectStrategy: false };
  /** Where it logs in as somebody else: the user. */
  readonly username?: string | undefined;
  /** Where it logs in as somebody else: the password. */
  readonly password?: string | undefined;
  /** Where it logs in as somebody else: nobody to ask for a password. */
  readonly credentialsProvider?: undefined;
  /** Where it has no database. */
  readonly database?: undefined;
}

/** Makes clients with the same settings. */
export class RedisClients {
  readonly #settings: RedisClient;

  /** Takes the settings of a client, which it leaves alone. */
  constructor(settings: RedisClient) {
    this.#settings = settings;
  }

  /** Reads the settings of a URL, with the certificates to trust beside those of the system, as PEM. */
  static async of(url: string, ca?: string): Promise<RedisClients> {
    const { createClient } = await import(PACKAGE);
    const socket = ca === undefined ? {} : { ca };
    return new RedisClients(createClient({ url, socket, disableClientInfo: true }));
  }

  /** How long a client may take to connect, in milliseconds: more where the application says so. */
  get connectMs(): number {
    return Math.max(CONNECT_MS, this.#socket.connectTimeout ?? 0);
  }

  /** Makes a client that leads to an address, or where the settings say. */
  make(address?: RedisAddress): RedisClient {
    return this.#make(this.#socketTo(address));
  }

  /** Makes a client of a sentinel, which gets nothing of the settings but how to speak TLS. */
  makeSentinel({ host, port, tls, username, password }: SentinelAddress): RedisClient {
    const socket = { ...this.#socket, host, port, ...tls === undefined ? {} : { tls } };
    return this.#make(socket, { ...NOBODY, username, password });
  }

  /**
   * Says why a connection failed, where waiting can't mend it. Where the server was silent, tries
   * whether the port speaks TLS and the settings do not, or the other way round; sends no password.
   */
  async explain(error: unknown, address?: RedisAddress): Promise<Refusal | undefined> {
    if (error instanceof Refusal) return error;
    if (isUntrusted(error)) {
      return new Refusal(
        `Cannot open log: the certificate of Redis is not accepted (${messageOf(error)}); ` +
          "an authority of your own is set with REDIS_CA, or the option ca",
      );
    }
    if (isForbidden(error)) {
      return new Refusal(
        `Cannot open log: the process may not connect to Redis (${messageOf(error)}); ` +
          "add its address to --allow-net",
      );
    }
    if (isRefusal(error)) {
      return new Refusal(`Cannot open log: Redis refuses the connection (${messageOf(error)})`);
    }
    if (!isSilence(error)) return undefined;
    const tls = !(this.#socket.tls ?? false);
    if (!await isAnswered(this.#make({ ...this.#socketTo(address), tls }, NOBODY))) {
      return undefined;
    }
    return new Refusal(
      tls
        ? "Cannot open log: the port of Redis speaks TLS; use rediss:// in place of redis://"
        : "Cannot open log: the port of Redis speaks no TLS; use redis:// in place of rediss://",
    );
  }

  get #socket(): RedisSocketSettings {
    return this.#settings.options?.socket ?? {};
  }

  #socketTo(address?: RedisAddress): RedisSocketSettings {
    const socket = this.#socket;
    return address ? { ...socket, ...address, host: address.host || socket.host } : socket;
  }

  #make(socket: RedisSocketSettings, login: Partial<RedisOverrides> = {}): RedisClient {
    return this.#settings.duplicate({
      disableOfflineQueue: true,
      maintNotifications: "disabled",
      url: undefined,
      socket: { ...socket, reconnectStrategy: false },
      ...login,
    });
  }
}

// Not a literal: who doesn't ask for Redis downloads nothing.
const PACKAGE = "npm:@redis/client@6.3.1";
const CONNECT_MS = 3_000;
const PROBE_MS = 1_000;
const NOBODY = {
  username: undefined,
  password: undefined,
  credentialsProvider: undefined,
  database: undefined,
};

/** Whether a connection was made, and then closed or left without an answer. */
function isSilence(error: unknown): boolean {
  return /ECONNRESET|EPIPE|closed|timeout|did not answer|ended by/i.test(messageOf(error));
}

/** Whether a server answers in the protocol of a client, be it with an error. */
async function isAnswered(client: RedisClient): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_MS);
  });
  client.on("error", () => {});
  const answer = client.connect().then(() => client.sendCommand(["PING"]));
  try {
    return await Promise.race([answer.then(() => true), tooLate]);
  } catch (error) {
    return isRefusal(error) || isUntrusted(error);
  } finally {
    clearTimeout(timer);
    destroy(client);
  }
}

/** Ends a client, whatever has become of it. */
export function destroy(client: RedisClient): void {
  try {
    client.destroy();
  } catch {
    // It has never been open, or is closed already.
  }
}

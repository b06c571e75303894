/**
 * Clients of Redis, made with the settings of a URL or of the application's own client.
 *
 * @module
 */

import type { RedisAddress, SentinelAddress } from "./address.ts";
import { isForbidden, isRefusal, isUntrusted, messageOf, Refusal } from "./error.ts";

/**
 * The part of a Redis client that the log uses. `createClient()` of the packages `@redis/client` and
 * `redis`, from version 5 on, returns such a client.
 */
export interface RedisClient {
  /** The settings of the client. */
  readonly options?: RedisSettings | undefined;
  /** Whether the client is connected or tries to connect. */
  readonly isOpen?: boolean;
  /** Makes another client with the same settings, except for the overrides. */
  duplicate(overrides: RedisOverrides): RedisClient;
  /** Connects. */
  connect(): Promise<unknown>;
  /** Sends a command; rejects while the client is not connected. */
  sendCommand(args: readonly string[]): Promise<unknown>;
  /** Adds a listener for the errors of the connection. */
  on(event: "error", listener: (error: unknown) => void): unknown;
  /** Ends the connection, and rejects all pending commands. */
  destroy(): void;
}

/** The settings of a client that the log reads. */
export interface RedisSettings {
  /** The settings of the connection. */
  readonly socket?: RedisSocketSettings | undefined;
  /** The settings of each command. */
  readonly commandOptions?: RedisCommandSettings | undefined;
}

/** The settings of each command. The log keeps the application's, except for this one. */
export interface RedisCommandSettings {
  /** How long a command may wait to be sent, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** The settings of a client's connection. The log keeps the application's other settings. */
export interface RedisSocketSettings {
  /** The host to connect to. */
  readonly host?: string | undefined;
  /** The port to connect to. */
  readonly port?: number | undefined;
  /** Whether the connection uses TLS. */
  readonly tls?: boolean | undefined;
  /** How long connecting may take, in milliseconds. */
  readonly connectTimeout?: number | undefined;
}

/** The settings in which the log's clients differ from the application's. */
export interface RedisOverrides {
  /** A command is rejected at once while the client is not connected. */
  readonly disableOfflineQueue: true;
  /** The client does not subscribe to maintenance notifications, which few servers know. */
  readonly maintNotifications: "disabled";
  /**
   * Without a timeout, since the log has its own. The client's is an `AbortSignal` for each command, which
   * fires five seconds later although the command is long done.
   */
  readonly commandOptions: RedisCommandSettings & { readonly timeout: undefined };
  /** Removed, since the other settings already contain the URL's parts. */
  readonly url: undefined;
  /** The address. The client does not reconnect by itself: the log does, to the current address. */
  readonly socket: RedisSocketSettings & { readonly reconnectStrategy: false };
  /** The user, if it differs. */
  readonly username?: string | undefined;
  /** The password, if it differs. */
  readonly password?: string | undefined;
  /** Removed if user and password differ. */
  readonly credentialsProvider?: undefined;
  /** Removed for a sentinel, which has no databases. */
  readonly database?: undefined;
}

/** Makes clients with the same settings. */
export class RedisClients {
  readonly #settings: RedisClient;

  /** Takes the settings of a client, and leaves the client alone. */
  constructor(settings: RedisClient) {
    this.#settings = settings;
  }

  /** Reads the settings of a URL. `ca` is the PEM text of certificates to trust beside the system's. */
  static async of(url: string, ca?: string): Promise<RedisClients> {
    const { createClient } = await import(PACKAGE);
    const socket = ca === undefined ? {} : { ca };
    return new RedisClients(createClient({ url, socket, disableClientInfo: true }));
  }

  /** How long a client may take to connect, in milliseconds: 3 000, or the application's longer time. */
  get connectMs(): number {
    return Math.max(CONNECT_MS, this.#socket.connectTimeout ?? 0);
  }

  /** Makes a client for an address, by default the settings' own. */
  make(address?: RedisAddress): RedisClient {
    return this.#make(this.#socketTo(address));
  }

  /** Makes a client for a sentinel, which shares only the TLS settings. */
  makeSentinel({ host, port, tls, username, password }: SentinelAddress): RedisClient {
    const socket = { ...this.#socket, host, port, ...tls === undefined ? {} : { tls } };
    return this.#make(socket, { ...NOBODY, username, password });
  }

  /**
   * Explains why a connection failed, if waiting would not help. If the server did not answer, tries to
   * connect with TLS instead of plain text, or the other way round, without sending the password.
   *
   * @returns The explanation; `undefined` if waiting may help.
   */
  async explain(error: unknown, address?: RedisAddress): Promise<Refusal | undefined> {
    if (error instanceof Refusal) return error;
    if (isUntrusted(error)) {
      return new Refusal(
        `Cannot open log: the certificate of Redis is not accepted (${messageOf(error)}); ` +
          "to trust an authority of your own, set REDIS_CA or the option ca",
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
      commandOptions: { ...this.#settings.options?.commandOptions, timeout: undefined },
      url: undefined,
      socket: { ...socket, reconnectStrategy: false },
      ...login,
    });
  }
}

// Not a literal in import(): applications without Redis then download nothing.
const PACKAGE = "npm:@redis/client@6.3.1";
const CONNECT_MS = 3_000;
const PROBE_MS = 1_000;
const NOBODY = {
  username: undefined,
  password: undefined,
  credentialsProvider: undefined,
  database: undefined,
};

/** Whether an error means that the server accepted the connection, but closed it or did not answer. */
function isSilence(error: unknown): boolean {
  return /ECONNRESET|EPIPE|closed|timeout|did not answer|ended by/i.test(messageOf(error));
}

/** Whether a server answers a client in the same protocol, even if with an error. */
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

/** Ends a client, whatever its state. */
export function destroy(client: RedisClient): void {
  try {
    client.destroy();
  } catch {
    // The client was never open, or is closed already.
  }
}

/**
 * A bearer token, or a function that yields one.
 *
 * The function is called before every attempt, so it may read the current session; cache inside it when that is costly.
 * When the API refuses a token with 401 it is called once more with the refused token, however many calls were refused
 * at the same time, and the calls are sent again if it yields a different one.
 */
export type AuthToken = string | ((refused?: string) => string | Promise<string>);

/** What the client asks of `fetch`: the global function, or one with the same shape. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Settings of `fetch` that the client does not set itself, such as `cache`, `credentials` or Next.js' `next`. */
export type FetchOptions = Omit<RequestInit, 'method' | 'headers' | 'body' | 'signal'>;

/** A request about to be sent. */
export interface OutgoingRequest {
  /** Its id in the contract, such as `users.get`. */
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  /** May be changed: what is set here is sent. Holds the token. */
  readonly headers: Headers;
  /** 0 for the first attempt, 1 for the first retry. */
  readonly attempt: number;
}

/** An answer, as far as it concerns hooks. */
export interface IncomingResponse {
  readonly request: OutgoingRequest;
  readonly status: number;
  readonly headers: Headers;
  /** Milliseconds from sending the request to the end of the answer. */
  readonly duration: number;
}

/** How a client reaches the API. */
export interface ClientOptions {
  /** Root of the API, such as `https://api.example.com`. May end in a path. */
  baseUrl: string;
  /** Proves who calls. */
  authToken: AuthToken;
  /** Replaces `fetch`. Defaults to the global one, looked up at each request. */
  fetch?: Fetch | undefined;
  /** Milliseconds one attempt may take, its answer's body included, from 0 on; 0 and Infinity set no limit. Defaults to 30 000. */
  timeout?: number | undefined;
  /** How often an attempt that failed is repeated where that is safe: a whole number from 0 on, or Infinity. Defaults to 2. */
  maxRetries?: number | undefined;
  /** Sent with every request. */
  defaultHeaders?: Readonly<Record<string, string>> | undefined;
  /** Runs before each attempt. */
  onRequest?: ((request: OutgoingRequest) => void | Promise<void>) | undefined;
  /** Runs when an answer is there, whatever its status; not when the connection failed. */
  onResponse?: ((response: IncomingResponse) => void | Promise<void>) | undefined;
  /** Passed on to `fetch` with every request. */
  fetchOptions?: FetchOptions | undefined;
  /**
   * Looks at every successful answer; what it throws makes the call reject with an `ApiError`. `@lockstep/core-sdk/validation`
   * has one that holds answers to the contract. Defaults to none: the API does so itself.
   */
  validate?: ((operation: string, data: unknown) => void) | undefined;
}

/** Settings of one call. They win over the client's. */
export interface RequestOptions {
  /** Ends the call, its retries and its waits; the call rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** As in {@link ClientOptions}. */
  timeout?: number | undefined;
  /** As in {@link ClientOptions}. */
  maxRetries?: number | undefined;
  /** Sent with this request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Passed on to `fetch`, on top of the client's. */
  fetchOptions?: FetchOptions | undefined;
}

/** Whether value is a whole number from 0 on, or Infinity. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Math.floor(value) === value;
}

/**
 * Refuses what would change a limit without a word: NaN, a negative number, part of a retry, another type.
 *
 * @throws TypeError
 */
export function checkOptions({ timeout = 0, maxRetries = 0 }: Pick<RequestOptions, 'timeout' | 'maxRetries'> = {}): void {
  if (!(typeof timeout === 'number' && timeout >= 0)) {
    throw new TypeError('timeout takes a number of milliseconds from 0 on; 0 sets no limit');
  }
  if (!isCount(maxRetries)) throw new TypeError('maxRetries takes a whole number from 0 on');
}

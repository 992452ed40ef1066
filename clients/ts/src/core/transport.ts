import { ApiError, ConnectionError, errorOf } from './errors.js';
import { exchange } from './exchange.js';
import { checkOptions, type ClientOptions, type RequestOptions } from './options.js';
import { pagePromise, type CursorPage, type PagePromise } from './page.js';
import { apiPromise, type ApiPromise, type WithResponse } from './promise.js';
import { mayRepeat, retryDelay, wait } from './retry.js';
import { Token } from './token.js';
import { queryString } from './url.js';

/** One operation of the contract with its arguments. */
export interface Call {
  /** Its id in the contract, such as `users.get`. */
  operation: string;
  method: string;
  /** Begins with a slash; encoded. */
  path: string;
  query?: object | undefined;
  /** Names of query parameters whose arrays are joined by commas. */
  commaSeparated?: readonly string[];
  /** Headers the contract names; undefined ones are not sent. */
  headers?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Serialized as JSON. */
  body?: unknown;
  /** Defaults to `application/json`. */
  contentType?: string;
  /** Whether the API honours Idempotency-Key here: one is made up if headers have none, and makes it safe to send twice. */
  idempotent?: boolean;
  options?: RequestOptions | undefined;
}

/** Sends calls. What it remembers belongs to one client. */
export class Transport {
  readonly #options: ClientOptions;
  readonly #base: string;
  readonly #token: Token;

  /** @throws TypeError if baseUrl is not an absolute http(s) URL, or timeout or maxRetries is out of range. */
  constructor(options: ClientOptions) {
    if (!/^https?:\/\/[^/?#]+[^?#]*$/.test(options.baseUrl)) {
      throw new TypeError(`baseUrl is ${JSON.stringify(options.baseUrl)}: pass a URL such as https://api.example.com`);
    }
    checkOptions(options);
    this.#options = options;
    this.#base = options.baseUrl.replace(/\/+$/, '');
    this.#token = new Token(options.authToken);
  }

  send<T>(call: Call): ApiPromise<T> {
    return apiPromise(this.#run<T>(call));
  }

  page<T, B extends CursorPage<T>>(call: Call): PagePromise<T, B> {
    return pagePromise<T, B>(`${call.method} ${call.path}`, this.#run<B>(call), (cursor) =>
      this.#run<B>({ ...call, query: { ...call.query, cursor } }),
    );
  }

  /** Sends call, again where that is safe and may help, until there is an answer to return or an error to reject with. */
  async #run<T>(call: Call): Promise<WithResponse<T>> {
    checkOptions(call.options);
    const headers = this.#headers(call);
    const repeatable = mayRepeat(call.method) || headers.has('idempotency-key');
    const retries = repeatable ? (call.options?.maxRetries ?? this.#options.maxRetries ?? 2) : 0;
    let renewed: string | undefined;
    for (let attempt = 0; ; ) {
      const token = renewed ?? (await this.#token.current());
      headers.set('authorization', `Bearer ${token}`);
      const outcome = await this.#attempt<T>(call, headers, attempt);
      if (!(outcome instanceof ApiError)) return outcome;
      if (outcome.status === 401) {
        // A refused request was not carried out: sending it again is safe, whatever its method.
        if (renewed !== undefined) {
          this.#token.forget();
          throw outcome;
        }
        renewed = await this.#token.renew(token);
        if (renewed === token) throw outcome;
        continue;
      }
      const delay = attempt < retries ? retryDelay(attempt++, outcome) : undefined;
      if (delay === undefined) throw outcome;
      await wait(delay, call.options?.signal);
    }
  }

  #headers(call: Call): Headers {
    const headers = new Headers(this.#options.defaultHeaders);
    headers.set('accept', 'application/json');
    if (call.body !== undefined) headers.set('content-type', call.contentType ?? 'application/json');
    for (const given of [call.headers, call.options?.headers]) {
      for (const [name, value] of Object.entries(given ?? {})) {
        if (value !== undefined) headers.set(name, String(value));
      }
    }
    if (call.idempotent && !headers.has('idempotency-key')) headers.set('idempotency-key', newKey());
    return headers;
  }

  /** Sends call once. Rejects only where a hook failed or the caller's signal ended the call. */
  async #attempt<T>(call: Call, headers: Headers, attempt: number): Promise<WithResponse<T> | ApiError> {
    const { method, path, options = {} } = call;
    const { fetch, timeout = 30_000, onRequest, onResponse } = this.#options;
    const url = this.#base + path + queryString(call.query, call.commaSeparated);
    const request = { operation: call.operation, method, url, headers: new Headers(headers), attempt };
    await onRequest?.(request);
    const started = performance.now();
    const outcome = await exchange(
      // Looked up now, not at import: frameworks replace the global fetch.
      fetch ?? globalThis.fetch,
      url,
      {
        ...this.#options.fetchOptions,
        ...options.fetchOptions,
        method,
        headers: request.headers,
        ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      },
      options.timeout ?? timeout,
      options.signal,
    );
    if (outcome instanceof ConnectionError) return outcome;
    const { response, text } = outcome;
    await onResponse?.({
      request,
      status: response.status,
      headers: response.headers,
      duration: performance.now() - started,
    });
    const name = `${method} ${path}`;
    if (!response.ok) return errorOf(name, response, text);
    return answerOf<T>(name, response, text, (data) => this.#options.validate?.(call.operation, data));
  }
}

function answerOf<T>(
  request: string,
  response: Response,
  text: string,
  validate: (data: T) => void,
): WithResponse<T> | ApiError {
  let fault = 'the body is not JSON';
  try {
    const data = (text === '' ? undefined : JSON.parse(text)) as T;
    fault = 'the body is not what the contract says';
    validate(data);
    return {
      data,
      response,
      etag: response.headers.get('etag') ?? undefined,
      requestId: response.headers.get('x-request-id') ?? undefined,
    };
  } catch (cause) {
    return new ApiError(`${request}: ${response.status}, but ${fault}`, { cause, response });
  }
}

/** 128 random bits in hexadecimal. Not `crypto.randomUUID`, which browsers offer to https origins and localhost only. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

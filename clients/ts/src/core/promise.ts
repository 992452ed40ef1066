/** The answer to a call: what it holds, and how it came. */
export interface WithResponse<T> {
  data: T;
  /** Status and headers. Its body has been read. */
  response: Response;
  /** The version of the resource, for `ifMatch`. */
  etag: string | undefined;
  /** Names this request in the API's logs. */
  requestId: string | undefined;
}

/**
 * What every call returns: a promise of the data, with the whole answer on request. The call itself sends the request, whether or
 * not anybody waits for the promise.
 */
export interface ApiPromise<T> extends Promise<T> {
  /** The data together with headers, ETag and request id. An error of the call is then this promise's. */
  withResponse(): Promise<WithResponse<T>>;
}

/**
 * Adds to a native promise instead of extending Promise. Runtimes read the state of a promise without calling its `then`
 * (`ctx.waitUntil`, `navigator.locks`, test runners), and `await` takes only a native one as it is, which keeps the caller's line
 * in the stack of an error.
 */
export function apiPromise<T>(answer: Promise<WithResponse<T>>): ApiPromise<T> {
  const promise = answer.then(({ data }) => data);
  // By way of the promise: an error then passes through it, and is not unhandled there.
  return Object.assign(promise, { withResponse: () => promise.then(() => answer) });
}

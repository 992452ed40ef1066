import type { CursorPage, Page, PageBody } from './page.js';

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

/** What every call returns: a promise of the data, with the whole answer on request. */
export class ApiPromise<T> extends Promise<T> {
  readonly #answer: Promise<WithResponse<T>>;

  constructor(answer: Promise<WithResponse<T>>) {
    // The inherited promise is never looked at: everything below goes to the answer. Were it to carry the answer's
    // rejection, a caller of withResponse() would leave it unhandled.
    super((resolve) => resolve(undefined as T));
    this.#answer = answer;
  }

  /** The data together with headers, ETag and request id. */
  withResponse(): Promise<WithResponse<T>> {
    return this.#answer;
  }

  override then<A = T, B = never>(
    onfulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#answer.then(({ data }) => data).then(onfulfilled, onrejected);
  }

  override catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(undefined, onrejected);
  }

  override finally(onfinally?: (() => void) | null): Promise<T> {
    return this.then().finally(onfinally);
  }
}

/** What a list call returns: a promise of its first page, and an iterator over the items of all pages. */
export class PagePromise<T, B extends PageBody<T> = PageBody<T>>
  extends ApiPromise<Page<T, B>>
  implements AsyncIterable<T>
{
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    yield* (await this) as CursorPage<T>;
  }

  /** The first `limit` items, over as many pages as it takes. */
  async toArray(options: { limit: number }): Promise<T[]> {
    return ((await this) as CursorPage<T>).toArray(options);
  }
}

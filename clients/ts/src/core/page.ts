import { ApiError } from './errors.js';
import { isCount } from './options.js';
import { apiPromise, type ApiPromise, type WithResponse } from './promise.js';

/** One page of a list, as the API answers it: plain data. */
export interface CursorPage<T> {
  data: T[];
  /** Where the next page starts, for the parameter `cursor`; null on the last. */
  nextCursor: string | null;
}

/**
 * What a list call returns: a promise of its first page, and the way over all of them. What it resolves to is plain data, so a page
 * that crosses to a client component, a worker or a cache takes its own rows along and no others.
 */
export interface PagePromise<T, B extends CursorPage<T> = CursorPage<T>> extends ApiPromise<B>, AsyncIterable<T> {
  /** Yields the items of all pages. A page is asked for when the ones before it are used up. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>;
  /** Yields all pages, each asked for with the same parameters and options when the one before it is used up. */
  pages(): AsyncGenerator<B, void, undefined>;
  /**
   * The first `limit` items, over as many pages as it takes. `limit` is a whole number from 1 on, or Infinity for all there are;
   * rejects with a TypeError if it is anything else.
   */
  toArray(options: { limit: number }): Promise<T[]>;
}

/** `answer` is that of the first page; `load` asks for the page at a cursor; `request` names the call in an error. */
export function pagePromise<T, B extends CursorPage<T>>(
  request: string,
  answer: Promise<WithResponse<B>>,
  load: (cursor: string) => Promise<WithResponse<B>>,
): PagePromise<T, B> {
  const first = apiPromise(answer);

  async function* pages(): AsyncGenerator<B, void, undefined> {
    // Brent's cycle detection: a cursor that comes again is met, however far apart, and only one is kept.
    let mark: string | undefined;
    for (let count = 0, power = 1, next = first.withResponse(); ; ) {
      const { data: page, response } = await next;
      const cursor = page.nextCursor;
      if (cursor && cursor === mark) {
        throw new ApiError(`${request}: ${response.status}, but its nextCursor is that of an earlier page`, { response });
      }
      yield page;
      if (!cursor) return;
      if (++count === power) {
        mark = cursor;
        count = 0;
        power *= 2;
      }
      next = load(cursor);
    }
  }

  return Object.assign(first, {
    pages,
    async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
      for await (const { data } of pages()) yield* data;
    },
    async toArray(options: { limit: number }): Promise<T[]> {
      // Plain JavaScript passes anything, or nothing.
      const limit: unknown = (options as typeof options | null | undefined)?.limit;
      if (!isCount(limit) || limit < 1) {
        // The caller is told of the argument; an error of the request, which is on its way, would be unhandled.
        first.catch(() => undefined);
        throw new TypeError('toArray takes { limit }, a whole number from 1 on: the most rows to collect');
      }
      const items: T[] = [];
      for await (const { data } of pages()) {
        items.push(...data);
        if (items.length >= limit) break;
      }
      return items.slice(0, limit);
    },
  });
}

/** The body of a list's answer. */
export interface PageBody<T> {
  data: T[];
  /** Where the next page starts; null on the last. */
  nextCursor: string | null;
}

/** A page: the fields of its body, and the way to the rest. */
export type Page<T, B extends PageBody<T> = PageBody<T>> = B & CursorPage<T>;

/** The way from one page of a list to the next. Iterating yields the items of this page and all after it. */
export class CursorPage<T> implements PageBody<T>, AsyncIterable<T> {
  declare readonly data: T[];
  declare readonly nextCursor: string | null;
  readonly #load: (cursor: string) => PromiseLike<CursorPage<T>>;

  constructor(body: PageBody<T>, load: (cursor: string) => PromiseLike<CursorPage<T>>) {
    Object.assign(this, body);
    this.#load = load;
  }

  /** The page after this one, asked for with the same parameters and options; null after the last. */
  async nextPage(): Promise<this | null> {
    return this.nextCursor === null ? null : ((await this.#load(this.nextCursor)) as this);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (let page: CursorPage<T> | null = this; page; page = await page.nextPage()) yield* page.data;
  }

  /** The first `limit` items from here on, over as many pages as it takes. */
  async toArray({ limit }: { limit: number }): Promise<T[]> {
    const items: T[] = [];
    if (limit > 0) {
      for await (const item of this) {
        if (items.push(item) >= limit) break;
      }
    }
    return items;
  }
}

import 'server-only';
import { revalidateTag } from 'next/cache.js';
import { connection } from 'next/server.js';
import { cache } from 'react';
import type { ClientOptions, RequestOptions } from './core/options.js';
import { CoreApiClient } from './generated/client.js';

/**
 * For Next.js' App Router: a function that yields the client of whoever made the current request. `options` is asked once per
 * request, where it may read cookies and redirect. What it answers is not cached, unless a call says so with {@link cached}.
 *
 * Importing this module in a client component fails the build: it handles callers' tokens.
 */
export function serverApi(options: () => ClientOptions | Promise<ClientOptions>): () => Promise<CoreApiClient> {
  return cache(async () => {
    // Nothing that depends on the caller may be rendered ahead of a request.
    await connection();
    const { fetchOptions, ...rest } = await options();
    return new CoreApiClient({ ...rest, fetchOptions: { cache: 'no-store', ...fetchOptions } });
  });
}

/** The cache tag of a resource, or of one row of it. */
export function tag(resource: keyof CoreApiClient, id?: string): string {
  return `core-api:${resource}${id === undefined ? '' : `:${id}`}`;
}

/**
 * Options of a read that Next.js may answer from its data cache for so many seconds, or until one of the tags expires. The cache
 * tells callers apart by their token; a change of what they may see shows only later.
 */
export function cached(seconds: number, ...tags: string[]): Pick<RequestOptions, 'fetchOptions'> {
  const fetchOptions: RequestInit & { next: object } = { cache: 'force-cache', next: { revalidate: seconds, tags } };
  return { fetchOptions };
}

/** Drops what was cached under these tags, at once. For server actions and route handlers. */
export function expire(...tags: string[]): void {
  for (const each of tags) revalidateTag(each, { expire: 0 });
}

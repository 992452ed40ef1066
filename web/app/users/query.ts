import type { UsersListParams } from '@lockstep/core-sdk';

/** What a URL's query holds, as Next.js passes it to pages. */
export type SearchParams = Promise<Record<string, string | string[] | undefined>>;

/** The state of the list, all of it in the URL. Empty strings stand for "any". */
export interface Query {
  q: string;
  status: string;
  role: string;
  sort: string;
  cursor: string;
}

/** What the statuses are called. */
export const STATUSES = { active: 'Active', inactive: 'Inactive' } as const;

export const SORTS = {
  displayName: 'Name, A to Z',
  '-displayName': 'Name, Z to A',
  '-createdAt': 'Newest first',
  createdAt: 'Oldest first',
} as const;

export async function readQuery(params: SearchParams): Promise<Query> {
  const given = await params;
  const text = (name: keyof Query): string => {
    const value = given[name];
    return typeof value === 'string' ? value.trim() : '';
  };
  return { q: text('q'), status: text('status'), role: text('role'), sort: text('sort'), cursor: text('cursor') };
}

/** What to ask the API for. Values the list does not know are left out, as if they were not in the URL. */
export function listParams({ q, status, role, sort, cursor }: Query): UsersListParams {
  return {
    limit: 20,
    sort: [sort in SORTS ? (sort as keyof typeof SORTS) : 'displayName'],
    ...(q && { q }),
    ...(status in STATUSES && { status: [status as keyof typeof STATUSES] }),
    ...(role && { roleId: [role] }),
    // Counted once: the number is shown above the first page.
    ...(cursor ? { cursor } : { count: 'exact' }),
  };
}

/** The address of the list in another state. */
export function listHref(query: Query, change: Partial<Query>): { pathname: string; query: Record<string, string> } {
  const next = { ...query, ...change };
  return { pathname: '/users', query: Object.fromEntries(Object.entries(next).filter(([, value]) => value)) };
}

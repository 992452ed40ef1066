import Link from 'next/link';
import { api } from '@/lib/api';
import { load } from '@/lib/load';
import { People } from './people';
import { listHref, listParams, type Query } from './query';

/** One page of the list, and the way to the others. */
export async function Results({ query }: { query: Query }) {
  const page = await load((await api()).users.list(listParams(query)));
  const filtered = query.q || query.status || query.role;
  return (
    <>
      {page.totalCount !== undefined && page.data.length > 0 && (
        <p role="status" className="count">
          {page.totalCount === 1 ? '1 person' : `${page.totalCount.toLocaleString('en')} people`}
        </p>
      )}
      <People users={page.data} empty={<Nobody filtered={Boolean(filtered)} />} />
      <nav className="pager" aria-label="Pages">
        <span>{query.cursor && <Link href={listHref(query, { cursor: '' })}>First page</Link>}</span>
        <span>
          {page.nextCursor && (
            <Link href={listHref(query, { cursor: page.nextCursor })} rel="next" prefetch={false}>
              Next page
            </Link>
          )}
        </span>
      </nav>
    </>
  );
}

function Nobody({ filtered }: { filtered: boolean }) {
  return (
    <div className="state" role="status">
      {filtered ? (
        <>
          <p>
            <strong>Nobody is like this.</strong>
          </p>
          <p>Search for something else, or for less at a time.</p>
          <Link href="/users" prefetch={false}>
            Show everybody
          </Link>
        </>
      ) : (
        <p>There are no users yet.</p>
      )}
    </div>
  );
}

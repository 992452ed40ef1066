import Link from 'next/link';
import { api } from '@/lib/api';
import { load } from '@/lib/load';
import { People } from './people';

export const metadata = { title: 'Users' };

interface Props {
  searchParams: Promise<{ cursor?: string | string[] }>;
}

export default async function UsersPage({ searchParams }: Props) {
  const { cursor } = await searchParams;
  const { users } = await api();
  const page = await load(users.list({ limit: 20, cursor: typeof cursor === 'string' ? cursor : undefined }));
  return (
    <>
      <h1>Users</h1>
      <People users={page.data} empty={cursor ? 'No further users.' : 'There are no users yet.'} />
      <nav className="pager" aria-label="Pages">
        <span>{cursor && <Link href="/users">First page</Link>}</span>
        <span>
          {page.nextCursor && (
            <Link href={{ pathname: '/users', query: { cursor: page.nextCursor } }} rel="next">
              Next page
            </Link>
          )}
        </span>
      </nav>
    </>
  );
}

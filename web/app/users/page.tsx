import { PermissionError, type Role } from '@lockstep/core-sdk';
import { Suspense } from 'react';
import { api } from '@/lib/api';
import { load } from '@/lib/load';
import { LoadingNote } from '../loading-note';
import { Filter } from './filter';
import { readQuery, type SearchParams } from './query';
import { Results } from './results';

export const metadata = { title: 'Users' };

export default async function UsersPage({ searchParams }: { searchParams: SearchParams }) {
  const query = await readQuery(searchParams);
  const state = JSON.stringify(query);
  return (
    <>
      <h1>Users</h1>
      {/* Remade with the URL: its fields show what the list shows. */}
      <Filter key={`filter ${state}`} query={query} roles={await roles()} />
      <Suspense key={state} fallback={<LoadingNote />}>
        <Results query={query} />
      </Suspense>
    </>
  );
}

/** The roles to filter by; none for those who may not read them. */
async function roles(): Promise<Role[]> {
  const { roles } = await api();
  return load(roles.list({ limit: 200, sort: ['name'] }).then(({ data }) => data, orNone));
}

function orNone(error: unknown): never[] {
  if (error instanceof PermissionError) return [];
  throw error;
}

import { Suspense } from 'react';
import { allRoles } from '@/lib/roles';
import { LoadingNote } from '../loading-note';
import { Title } from '../title';
import { Filter } from './filter';
import { readQuery, type SearchParams } from './query';
import { Results } from './results';

export default async function UsersPage({ searchParams }: { searchParams: SearchParams }) {
  const query = await readQuery(searchParams);
  const state = JSON.stringify(query);
  return (
    <>
      <Title>Users</Title>
      <h1>Users</h1>
      {/* Remade with the URL: its fields show what the list shows. */}
      <Filter key={`filter ${state}`} query={query} roles={await allRoles()} />
      <Suspense key={state} fallback={<LoadingNote />}>
        <Results query={query} />
      </Suspense>
    </>
  );
}

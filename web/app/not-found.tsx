import Link from 'next/link';

export const metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <>
      <h1>Not found</h1>
      <p>There is nothing here, or nothing you may see.</p>
      <Link href="/users">All users</Link>
    </>
  );
}

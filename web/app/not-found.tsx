import Link from 'next/link';

export const metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <div className="state">
      <h1>Not found</h1>
      <p>There is nothing here, or nothing you may see.</p>
      <Link href="/users" prefetch={false} className="button">
        All users
      </Link>
    </div>
  );
}

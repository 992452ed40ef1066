import Link from 'next/link';

export const metadata = { title: 'Not allowed' };

/** Shown in place of a page that the API does not let the caller see, or whose change it would refuse. */
export default function Forbidden() {
  return (
    <div className="state">
      <h1>Not allowed</h1>
      <p>Your roles do not include this. An administrator of your organisation can grant you one that does.</p>
      <Link href="/users" prefetch={false} className="button">
        All users
      </Link>
    </div>
  );
}

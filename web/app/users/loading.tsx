export default function Loading() {
  return (
    <p aria-busy="true" role="status">
      Loading…
    </p>
  );
}

/** Stands where something is still being loaded. */
export function LoadingNote() {
  return (
    <p aria-busy="true" role="status">
      Loading…
    </p>
  );
}

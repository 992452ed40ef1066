/**
 * What a page is called: screen readers say it first. Rendered with the page it comes and goes with it. Next.js renders a title of
 * `metadata` apart from the page, so that in navigations the page was there, for some frames, without any.
 */
export function Title({ children }: { children: string }) {
  return <title>{titled(children)}</title>;
}

/** The title of a page, in full. */
export function titled(name: string): string {
  return `${name} · Lockstep`;
}

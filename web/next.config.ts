import type { NextConfig } from 'next';

const config: NextConfig = {
  poweredByHeader: false,
  // Pages of the end-to-end tests are called page.e2e.tsx: only e2e/run.mjs builds them.
  pageExtensions: [...(process.env['LOCKSTEP_WEB_E2E'] ? ['e2e.tsx'] : []), 'tsx', 'ts'],
  images: { unoptimized: true },
  // For forbidden(): what the API refuses has a page and a status of its own.
  experimental: { authInterrupts: true },
  // For everybody: metadata in the head of the first HTML, not in the body after it. Pages have their titles from app/title.tsx; this
  // is for those that scripts render (see app/not-found.tsx).
  htmlLimitedBots: /.*/,
  // What pages may load and run, proxy.ts says: that differs from request to request.
  headers: async () => [
    {
      source: '/:path*',
      headers: [
        { key: 'X-Content-Type-Options', value: 'nosniff' },
        { key: 'X-Frame-Options', value: 'DENY' },
        { key: 'Referrer-Policy', value: 'same-origin' },
        { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
        { key: 'Permissions-Policy', value: 'camera=(), geolocation=(), microphone=()' },
      ],
    },
  ],
};

export default config;

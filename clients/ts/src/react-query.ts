/** Options for TanStack Query's hooks. Needs `@tanstack/react-query`, version 5.83 or later. */
export { coreQueries } from './generated/queries.js';

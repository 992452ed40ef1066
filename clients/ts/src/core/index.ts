export {
  ApiError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  ConnectionError,
  NotFoundError,
  NotModifiedError,
  PermissionError,
  PreconditionFailedError,
  RateLimitError,
  ServerError,
  TimeoutError,
  ValidationError,
} from './errors.js';
export type {
  AuthToken,
  ClientOptions,
  Fetch,
  FetchOptions,
  IncomingResponse,
  OutgoingRequest,
  RequestOptions,
} from './options.js';
export type { Expanded, PageOf } from './expand.js';
export { CursorPage } from './page.js';
export { ApiPromise, PagePromise, type WithResponse } from './promise.js';
export { parseDate } from './date.js';

// The tests of what every client needs, in one process.
import './unit/errors.test.js';
import './unit/page.test.js';
import './unit/problems.test.js';
import './unit/promise.test.js';
import './unit/queries.test.js';
import './unit/request.test.js';
import './unit/retry.test.js';
import './unit/token.test.js';
import './unit/validation.test.js';

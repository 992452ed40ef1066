export * from './core/index.js';
export * from './generated/index.js';

import type { Host } from './store.ts';

/** Silent for too long. */
export const isAway = ({ seenAt }: Host, awayMs: number): boolean => Date.now() - Number(seenAt) > awayMs;

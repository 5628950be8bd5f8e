/** What the commands of `deploy` may use of this service, with and without its running processes. Each loads only its part. */
import type { Settings } from '#shared/config/settings.ts';
import type { CheckInput } from './directories/check/check.ts';

export type { ImportPlan } from './users/import.ts';

export const openKeyRing = async (settings: Settings) => (await import('./keys/operations.ts')).openKeyRing(settings);

export const openUserImport = async (settings: Settings) =>
  (await import('./users/import.ts')).openUserImport(settings);

export const checkDirectory = async (settings: Settings, input: CheckInput) =>
  (await import('./directories/check/check.ts')).checkDirectory(settings, input);

/** All workflows of this service, for the runner. */
import type { Workflow } from '#shared/workflow/workflow.ts';
import type { Images } from '../context.ts';
import { copyImage } from './copy-image.ts';

export const workflows: readonly Workflow<never, Images>[] = [copyImage];

/** The filters of each list, derived from the definitions. */
import { type Handler, ok } from '#shared/http/route.ts';
import { attachment } from '../attachments/resource.ts';
import { backup } from '../backups/resource.ts';
import type { Volumes } from '../context.ts';
import { groupSnapshot } from '../group-snapshots/resource.ts';
import { group } from '../groups/resource.ts';
import { snapshot } from '../snapshots/resource.ts';
import { message } from '../user-messages/resource.ts';
import { volume } from '../volumes/resource.ts';

const all = [volume, backup, snapshot, attachment, message, group, groupSnapshot].map(({ one, filters }) => ({
  resource: one,
  filters: Object.keys(filters).filter((name) => !name.startsWith('display_')),
}));

export const listFilters: Handler<Volumes> = async (_service, { query: { resource } }) =>
  ok({ resource_filters: resource ? all.filter((each) => each.resource === resource) : all });

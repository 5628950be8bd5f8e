import { atLeast } from '#shared/api/versions.ts';
/** Transfers, below an old path and, from 3.55, below a new one. */
import { accepted, type Handler, type Route } from '#shared/http/route.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import type { Volumes } from '../context.ts';
import { listPage } from '../listing/query.ts';
import { listedBy, permitted } from '../listing/scope.ts';
import { allowedBy } from '../listing/store.ts';
import { accept, offer, withdraw } from './operations.ts';
import { createdView, summaryView, transfer, transferRows, transferView } from './resource.ts';

const acceptTransfer: Handler<Volumes, { accept: { auth_key: string | number } }, 'id'> = async (service, call) => {
  const accepting = await accept(service, call.caller, call.params.id, String(call.body.accept.auth_key));
  return accepted({ transfer: summaryView(accepting, call) });
};

export const transferRoutes: Route<Volumes>[] = [
  { path: '/os-volume-transfer', since: {} },
  { path: '/volume-transfers', since: { since: '3.55' } as const },
].flatMap(({ path, since }) => [
  ...plainRoutes<Volumes, Awaited<ReturnType<typeof transferRows.expect>>, typeof transfer.attributes>({
    ...transfer,
    ...since,
    path,
    rules: {
      list: 'volume:get_all_transfers',
      show: 'volume:get_transfer',
      create: 'volume:create_transfer',
      remove: 'volume:delete_transfer',
    },
    page: ({ db }, call) => listPage(db, transfer, listedBy(call, 'volume:get_all_transfers'), call),
    find: async ({ db }, call) =>
      permitted(call, await transferRows.get(db, call.params.id, allowedBy(call.caller, 'volume:get_transfer'))),
    view: transferView,
    brief: summaryView,
    written: createdView,
    create: (service, input, { caller, version }) =>
      offer(service, caller, input, { mayBeEncrypted: atLeast(version, '3.70') }),
    created: accepted,
    remove: withdraw,
  }),
  { method: 'post', path: `${path}/:id/accept`, handler: acceptTransfer, rule: 'volume:accept_transfer', ...since },
]);

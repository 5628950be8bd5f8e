import { longTime } from '#shared/api/times.ts';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { accepted, type Call, type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { equal, type Listing, listPage, text } from '../listing/query.ts';
import { scopeOf } from '../listing/scope.ts';
import { accept, offer, type TransferInput, withdraw } from './operations.ts';
import { getTransfer, type Transfer, transferOf } from './store.ts';

type ViewCall = Pick<Call, 'base' | 'version' | 'url' | 'caller'>;

function transferSummary({ id, volumeId, name }: Transfer, { base, url, caller }: ViewCall) {
  const segment = url.includes('os-volume-transfer') ? 'os-volume-transfer' : 'volume-transfers';
  const path = `${caller.projectId}/${segment}/${id}`;
  const links = [
    { rel: 'self', href: `${base}/v3/${path}` },
    { rel: 'bookmark', href: `${base}/${path}` },
  ];
  return { id, volume_id: volumeId, name, links };
}

const since = (asked: Version, version: Version, fields: object) => (atLeast(asked, version) ? fields : {});

const transferView = (transfer: Transfer, call: ViewCall) => ({
  ...transferSummary(transfer, call),
  created_at: longTime(transfer.createdAt),
  ...since(call.version, '3.55', { no_snapshots: transfer.noSnapshots }),
  ...since(call.version, '3.57', {
    source_project_id: transfer.projectId,
    destination_project_id: null,
    accepted: false,
  }),
});

export const createTransfer: Handler<Volumes, { transfer: TransferInput }> = async (service, call) => {
  const { key, ...transfer } = await offer(service, call.caller, call.body.transfer);
  return accepted({ transfer: { ...transferView(transfer, call), auth_key: key } });
};

export const showTransfer: Handler<Volumes, unknown, 'id'> = async ({ db }, call) =>
  ok({ transfer: transferView(await getTransfer(db, call.caller, call.params.id), call) });

export const acceptTransfer: Handler<Volumes, { accept: { auth_key: string | number } }, 'id'> = async (
  service,
  call,
) => {
  const transfer = await accept(service, call.caller, call.params.id, String(call.body.accept.auth_key));
  return accepted({ transfer: transferSummary(transfer, call) });
};

export const deleteTransfer: Handler<Volumes, unknown, 'id'> = async (service, { caller, params }) => {
  await withdraw(service, caller, params.id);
  return accepted();
};

export const listing: Listing = {
  table: 'transfers',
  collection: 'transfers',
  what: 'Transfer',
  filters: { name: text('name'), volume_id: equal('volumeId') },
  sortKeys: { created_at: 'createdAt', name: 'name' },
};

const list =
  (view: (transfer: Transfer, call: ViewCall) => unknown): Handler<Volumes> =>
  async ({ db }, call) => {
    const { rows, extra } = await listPage(db, listing, scopeOf(call.caller, call.query), call, transferOf);
    return ok({ transfers: rows.map((row) => view(row, call)), ...extra });
  };
export const listTransfers = list(transferSummary);
export const listTransferDetails = list(transferView);

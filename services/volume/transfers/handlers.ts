import { longTime } from '#shared/api/times.ts';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { accepted, type Call, type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { type Listing, pageOf, textFilters } from '../listing/page.ts';
import { listedProject } from '../listing/scope.ts';
import { accept, offer, type TransferInput, withdraw } from './operations.ts';
import { getTransfer, listTransfers as listRows, type Transfer } from './store.ts';

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

export const showTransfer: Handler<Volumes> = async ({ db }, call) =>
  ok({ transfer: transferView(await getTransfer(db, call.caller, call.params.id ?? ''), call) });

export const acceptTransfer: Handler<Volumes, { accept: { auth_key: string | number } }> = async (service, call) => {
  const transfer = await accept(service, call.caller, call.params.id ?? '', String(call.body.accept.auth_key));
  return accepted({ transfer: transferSummary(transfer, call) });
};

export const deleteTransfer: Handler<Volumes> = async (service, { caller, params }) => {
  await withdraw(service, caller, params.id ?? '');
  return accepted();
};

export const listing: Listing<Transfer> = {
  collection: 'transfers',
  what: 'Transfer',
  filters: {
    ...textFilters<Transfer>('name', ({ name }) => name),
    volume_id: ({ volumeId }, value) => volumeId === value,
  },
  sortKeys: { created_at: ({ createdAt }) => createdAt, name: ({ name }) => name },
};

const list =
  (view: (transfer: Transfer, call: ViewCall) => unknown): Handler<Volumes> =>
  async ({ db }, call) => {
    const page = pageOf(listing, await listRows(db, listedProject(call.caller, call.query)), call);
    return ok({ transfers: page.rows.map((row) => view(row, call)), ...page.beside });
  };
export const listTransfers = list(transferSummary);
export const listTransferDetails = list(transferView);

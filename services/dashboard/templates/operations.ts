/** The media library: an image is a template, with the properties `description`, `os_distro` and `os_version`. */
import type { Readable } from 'node:stream';
import { readJson } from '#shared/clients/session.ts';
import type { Session } from '../sessions/operations.ts';
import { formatOf, peek } from './format.ts';
import { type ImageBody, type Template, templateView } from './view.ts';

const mostTemplates = 1000;
/** An upload is answered when its last byte has come. */
const longestUploadMs = 24 * 60 * 60_000;

/** By name, those of the project first. */
export async function listTemplates(session: Session): Promise<Template[]> {
  const { images } = await session.json<{ images: ImageBody[] }>('image', `/v2/images?limit=${mostTemplates}`);
  return images
    .map((image) => templateView(image, session.projectId))
    .toSorted((a, b) => Number(b.own) - Number(a.own) || a.name.localeCompare(b.name));
}

export interface NewTemplate {
  readonly name: string;
  readonly description?: string;
  /** Name of the file. */
  readonly file?: string;
}

/** Throws 415 for bytes that are no disk. Nothing of a failed upload stays. */
export async function addTemplate(
  session: Session,
  { name, description, file = '' }: NewTemplate,
  stream: Readable,
  bytes: string | undefined,
): Promise<Template> {
  const { head, all } = await peek(stream);
  const body = {
    ...{ name, container_format: 'bare', disk_format: await formatOf(head, file) },
    ...(description ? { description } : {}),
  };
  const image = await session.json<ImageBody>('image', '/v2/images', { method: 'POST', body });
  try {
    await upload(session, image.id, all, bytes);
  } catch (error) {
    await deleteTemplate(session, image.id);
    throw error;
  }
  return templateView(await session.json<ImageBody>('image', `/v2/images/${image.id}`), session.projectId);
}

async function upload(session: Session, id: string, body: Readable, bytes: string | undefined): Promise<void> {
  const path = `/v2/images/${id}/file`;
  const headers = { 'content-type': 'application/octet-stream', ...(bytes ? { 'content-length': bytes } : {}) };
  const ask = { method: 'PUT', headers, body, timeoutMs: longestUploadMs };
  await readJson(await session.raw('image', path, ask), `PUT image ${path}`);
}

const patchType = 'application/openstack-images-v2.1-json-patch';

export interface TemplateTexts {
  readonly name: string;
  readonly description: string;
}

export async function changeTemplate(session: Session, id: string, texts: TemplateTexts): Promise<Template> {
  const changes = Object.entries(texts).map(([key, value]) => ({ op: 'add', path: `/${key}`, value }));
  const ask = { method: 'PATCH', headers: { 'content-type': patchType }, body: JSON.stringify(changes) };
  const path = `/v2/images/${id}`;
  const image = await readJson<ImageBody>(await session.raw('image', path, ask), `PATCH image ${path}`);
  return templateView(image, session.projectId);
}

export const deleteTemplate = (session: Session, id: string): Promise<void> =>
  session.json('image', `/v2/images/${id}`, { method: 'DELETE' });

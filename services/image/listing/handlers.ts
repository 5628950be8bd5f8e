import { type Handler, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { checkNoSlash } from '../images/handlers.ts';
import { imageView } from '../images/view.ts';
import { listRequest } from './query.ts';
import { listImages as listRows } from './store.ts';

export const listImages: Handler<Images> = async ({ db }, call) => {
  checkNoSlash(call);
  const { caller, queries } = call;
  const request = listRequest(queries);
  const images = request.limit === 0 ? [] : await listRows(db, caller, request);
  const last = images.length === request.limit ? images.at(-1)?.id : undefined;
  return ok({
    images: images.map((image) => imageView(image, call)),
    first: pageUrl(queries),
    ...(last === undefined ? {} : { next: pageUrl(queries, last) }),
    schema: '/v2/schemas/images',
  });
};

/** The URL of the same query with another marker. */
function pageUrl(queries: Readonly<Record<string, readonly string[]>>, marker?: string): string {
  const pairs = Object.entries(queries).flatMap(([key, values]) =>
    key === 'marker' ? [] : values.map((value) => [key, value]),
  );
  const query = new URLSearchParams([...pairs, ...(marker === undefined ? [] : [['marker', marker]])]).toString();
  return query === '' ? '/v2/images' : `/v2/images?${query}`;
}

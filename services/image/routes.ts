import type { Route } from '#shared/http/route.ts';
import { getBytes, putBytes, stageBytes } from './bytes/handlers.ts';
import type { Images } from './context.ts';
import {
  deactivateImage,
  deleteImage,
  deleteNothing,
  makeImage,
  patchImage,
  reactivateImage,
  showImage,
} from './images/handlers.ts';
import { importImage, showImports } from './imports/handlers.ts';
import { showImport, showStores, showStoresInDetail } from './info/handlers.ts';
import { showImages } from './listing/handlers.ts';
import { addMember, answerSharing, endSharing, showMember, showMembers } from './members/handlers.ts';
import { showImageSchema, showImagesSchema, showMemberSchema, showMembersSchema } from './schemas/handlers.ts';
import { addTag, removeTag } from './tags/handlers.ts';
import { chooseVersion, listVersions } from './versions/handlers.ts';

const images = '/v2/images';
const image = '/v2/images/:id';
const members = '/v2/images/:id/members';
const member = '/v2/images/:id/members/:member';
const tag = '/v2/images/:id/tags/:tag';

/** A null rule: the handler asks it, with the image in sight; a outsider must not learn that an id exists. */
export const routes: Route<Images>[] = [
  { method: 'get', path: '/', handler: chooseVersion, rule: null, auth: 'none' },
  { method: 'get', path: '/versions', handler: listVersions, rule: null, auth: 'none' },
  { method: 'get', path: images, handler: showImages, rule: 'get_images' },
  { method: 'post', path: images, handler: makeImage, rule: null },
  { method: 'delete', path: images, handler: deleteNothing, rule: null },
  { method: 'get', path: image, handler: showImage, rule: null },
  { method: 'patch', path: image, handler: patchImage, rule: null },
  { method: 'delete', path: image, handler: deleteImage, rule: null },
  { method: 'put', path: `${image}/file`, handler: putBytes, rule: null, body: 'stream' },
  { method: 'get', path: `${image}/file`, handler: getBytes, rule: null },
  { method: 'put', path: `${image}/stage`, handler: stageBytes, rule: null, body: 'stream' },
  { method: 'post', path: `${image}/import`, handler: importImage, rule: null },
  { method: 'get', path: `${image}/tasks`, handler: showImports, rule: null },
  { method: 'post', path: `${image}/actions/deactivate`, handler: deactivateImage, rule: null },
  { method: 'post', path: `${image}/actions/reactivate`, handler: reactivateImage, rule: null },
  { method: 'get', path: members, handler: showMembers, rule: null },
  { method: 'post', path: members, handler: addMember, rule: null },
  { method: 'get', path: member, handler: showMember, rule: null },
  { method: 'put', path: member, handler: answerSharing, rule: null },
  { method: 'delete', path: member, handler: endSharing, rule: null },
  { method: 'put', path: tag, handler: addTag, rule: null },
  { method: 'delete', path: tag, handler: removeTag, rule: null },
  { method: 'get', path: '/v2/schemas/image', handler: showImageSchema, rule: null },
  { method: 'get', path: '/v2/schemas/images', handler: showImagesSchema, rule: null },
  { method: 'get', path: '/v2/schemas/member', handler: showMemberSchema, rule: null },
  { method: 'get', path: '/v2/schemas/members', handler: showMembersSchema, rule: null },
  { method: 'get', path: '/v2/info/import', handler: showImport, rule: null },
  { method: 'get', path: '/v2/info/stores', handler: showStores, rule: null },
  { method: 'get', path: '/v2/info/stores/detail', handler: showStoresInDetail, rule: 'stores_info_detail' },
];

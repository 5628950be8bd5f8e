/** Statuses and visibilities of images. */
export const statuses = ['queued', 'saving', 'uploading', 'importing', 'active', 'deactivated', 'deleted'] as const;
export type ImageStatus = (typeof statuses)[number];
export const visibilities = ['community', 'public', 'private', 'shared'] as const;

/** Whether the image has its data. */
export const hasBytes = (status: ImageStatus): boolean => status === 'active' || status === 'deactivated';

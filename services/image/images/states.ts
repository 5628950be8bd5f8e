/** Statuses and visibilities of images. */
export type ImageStatus = 'queued' | 'saving' | 'uploading' | 'active' | 'deactivated' | 'deleted';
export type Visibility = 'public' | 'community' | 'shared' | 'private';

export const visibilities: readonly Visibility[] = ['community', 'public', 'private', 'shared'];

/** Whether the image has its data. */
export const hasBytes = (status: ImageStatus): boolean => status === 'active' || status === 'deactivated';

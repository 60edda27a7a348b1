//! Readable receipts and waterfalls of a quote, in English and Simplified Chinese.

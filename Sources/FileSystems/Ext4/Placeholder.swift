enum Ext4Placeholder {}

"""New nodes beside their scan in Slicer's Data module: under the same patient and study."""

import slicer


def placeBeside(node, volumeNode) -> None:
    """Give a node the parent in the subject hierarchy that the scan has."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    item, scan = hierarchy.GetItemByDataNode(node), hierarchy.GetItemByDataNode(volumeNode)
    # Only the application gives nodes their items.
    if item and scan:
        hierarchy.SetItemParent(item, hierarchy.GetItemParent(scan))

using System.Security.Cryptography;
using Ledger.EventStore.Verification;

namespace Ledger.EventStore.Tests;

public sealed class Merkle_trees
{
    // The leaves and roots that implementations of RFC 6962 test themselves with.
    private static readonly string[] Contents = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly string[] Roots =
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void are_those_of_rfc_6962()
    {
        for (var size = 0; size <= Contents.Length; size++)
        {
            var leaves = Contents.Take(size).Select(hex => MerkleTree.Leaf(Convert.FromHexString(hex))).ToArray();
            Convert.ToHexStringLower(Built(leaves).Root()).ShouldBe(Roots[size], $"built from {size} leaves");
            Convert.ToHexStringLower(new MerkleLevels(leaves).Root).ShouldBe(Roots[size], $"level by level over {size} leaves");
            Convert.ToHexStringLower(AsDefined(leaves)).ShouldBe(Roots[size], $"as the RFC defines it over {size} leaves");
        }
    }

    [Fact]
    public void lead_from_each_leaf_to_the_root_and_from_no_other()
    {
        for (var size = 1; size <= 200; size++)
        {
            var leaves = Enumerable.Range(0, size).Select(i => MerkleTree.Leaf(i + 1, SHA256.HashData(BitConverter.GetBytes(i)))).ToArray();
            var levels = new MerkleLevels(leaves);
            var root = AsDefined(leaves);
            levels.Root.ShouldBe(root);
            Built(leaves).Root().ShouldBe(root);
            for (var index = 0; index < size; index++)
            {
                var path = new List<byte[]>();
                levels.AddPath(index, path);
                path.ShouldBe(PathAsDefined(index, leaves), $"path of {index} among {size}");
                MerkleTree.RootOf(leaves[index], index, size, path).ShouldBe(root, $"{index} of {size}");
                if (size > 1)
                {
                    var other = (index + 1) % size;
                    MerkleTree.RootOf(leaves[other], index, size, path).ShouldNotBe(root, "another leaf");
                    MerkleTree.RootOf(leaves[index], other, size, path).ShouldNotBe(root, "another place");
                    MerkleTree.RootOf(leaves[index], index, size, path[..^1]).ShouldNotBe(root, "a shorter path");
                    MerkleTree.RootOf(leaves[index], index, size, [.. path, root]).ShouldNotBe(root, "a longer path");
                }

                MerkleTree.RootOf(leaves[index], size, size, path).ShouldBeNull();
                MerkleTree.RootOf(leaves[index], -1, size, path).ShouldBeNull();
            }
        }
    }

    [Theory]
    [InlineData(1_023)]
    [InlineData(1_024)]
    [InlineData(1_025)]
    [InlineData(2_048)]
    [InlineData(5_000)]
    public void over_blocks_are_the_tree_over_leaves(int size)
    {
        var leaves = Enumerable.Range(0, size).Select(i => MerkleTree.Leaf(i + 1, SHA256.HashData(BitConverter.GetBytes(i)))).ToArray();
        var built = Built(leaves);
        var root = AsDefined(leaves);
        var blocks = new MerkleLevels(built.Blocks());
        blocks.Root.ShouldBe(root);
        built.Root().ShouldBe(root);
        foreach (var index in new[] { 0, size / 2, size - 1, Math.Min(size - 1, MerkleTree.BlockSize) })
        {
            var block = index / MerkleTree.BlockSize;
            var path = new List<byte[]>();
            new MerkleLevels(leaves.Skip(block * MerkleTree.BlockSize).Take(MerkleTree.BlockSize).ToArray()).AddPath(index % MerkleTree.BlockSize, path);
            blocks.AddPath(block, path);
            path.ShouldBe(PathAsDefined(index, leaves));
        }
    }

    [Fact]
    public void tell_leaves_from_nodes()
    {
        byte[] left = SHA256.HashData([1]), right = SHA256.HashData([2]);
        MerkleTree.Node(left, right).ShouldNotBe(MerkleTree.Leaf([.. left, .. right]));
    }

    private static MerkleBuilder Built(byte[][] leaves)
    {
        var builder = new MerkleBuilder();
        foreach (var leaf in leaves) builder.Add(leaf);
        builder.Count.ShouldBe(leaves.Length);
        return builder;
    }

    /// <summary>MTH of RFC 6962, section 2.1, word for word.</summary>
    private static byte[] AsDefined(ReadOnlySpan<byte[]> leaves)
    {
        if (leaves.Length == 0) return SHA256.HashData([]);
        if (leaves.Length == 1) return leaves[0];
        var k = Split(leaves.Length);
        return SHA256.HashData([1, .. AsDefined(leaves[..k]), .. AsDefined(leaves[k..])]);
    }

    /// <summary>PATH of RFC 6962, section 2.1.1, word for word.</summary>
    private static List<byte[]> PathAsDefined(int m, ReadOnlySpan<byte[]> leaves)
    {
        if (leaves.Length == 1) return [];
        var k = Split(leaves.Length);
        return m < k ? [.. PathAsDefined(m, leaves[..k]), AsDefined(leaves[k..])] : [.. PathAsDefined(m - k, leaves[k..]), AsDefined(leaves[..k])];
    }

    private static int Split(int n)
    {
        var k = 1;
        while (2 * k < n) k *= 2;
        return k;
    }
}
